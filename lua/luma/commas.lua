-- commas(n): "1,234,567"; of a fraction the nearest whole number.

return function(n)
    local form = math.type(n) == "integer" and "%d" or "%.0f"
    local sign, digits, rest = form:format(n):match "^(%-?)(%d+)(.*)$"
    if not digits then
        return ("%g"):format(n)
    end
    return sign .. digits:reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", "") .. rest
end
