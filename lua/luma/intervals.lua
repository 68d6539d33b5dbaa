-- Confidence intervals of a mean over a few runs.
--
-- Figures in general: Student's t. Proportions (accuracies): the score interval of E. B. Wilson (Probable
-- inference, the law of succession, and statistical inference, JASA 22, 1927), with the number of trials
-- that the observed spread stands for, since runs on the same test images are no independent trials.
-- All are two-sided: a confidence of 0.95 leaves 0.025 on either side.

local intervals = {}

-- More degrees of freedom than this count as this many: the quantile then is 3e-7 off the normal one's.
local MANY = 1e7

-- Gamma(x + 1/2) / Gamma(x): its asymptotic series (Graham, Knuth, Patashnik: Concrete Mathematics, 9.60)
-- from x = 30 on, where the first term left out is below 1e-12; below by Gamma(x + 1) = x Gamma(x).
local function gamma_ratio(x)
    local factor = 1
    while x < 30 do
        factor = factor * x / (x + 0.5)
        x = x + 1
    end
    local r = 1 / x
    return factor * math.sqrt(x)
        * (1 + r * (-1 / 8 + r * (1 / 128 + r * (5 / 1024 + r * (-21 / 32768 - r * 399 / 262144)))))
end

-- P(0 < T < t) of Student's t with df degrees of freedom. With x = sqrt(df) tan(a) the density's integral
-- becomes that of cos(a)^(df - 1), which Simpson's rule takes well on every range short of pi / 2.
local function half_probability(t, df)
    local PANELS = 400
    local last = math.atan(t / math.sqrt(df))
    local step = last / PANELS
    local sum = 0
    for i = 0, PANELS do
        local weight = (i == 0 or i == PANELS) and 1 or i % 2 == 1 and 4 or 2
        sum = sum + weight * math.exp((df - 1) * math.log(math.cos(i * step)))
    end
    return gamma_ratio(df / 2) / math.sqrt(math.pi) * sum * step / 3
end

-- The t that |T| stays below with probability `confidence`; df >= 1, need not be whole.
function intervals.quantile(confidence, df)
    df = math.min(df, MANY)
    local low, high = 0, 1
    while half_probability(high, df) < confidence / 2 do
        low, high = high, high * 2
    end
    for _ = 1, 60 do
        local middle = (low + high) / 2
        if half_probability(middle, df) < confidence / 2 then
            low = middle
        else
            high = middle
        end
    end
    return (low + high) / 2
end

-- Mean and variance (divided by n - 1) of at least two numbers.
function intervals.moments(values)
    local mean = 0
    for _, value in ipairs(values) do
        mean = mean + value / #values
    end
    local squares = 0
    for _, value in ipairs(values) do
        squares = squares + (value - mean) ^ 2
    end
    return mean, squares / (#values - 1)
end

-- mean +- t s / sqrt(n)
function intervals.mean(values, confidence)
    local mean, variance = intervals.moments(values)
    local half = variance > 0
        and intervals.quantile(confidence, #values - 1) * math.sqrt(variance / #values) or 0
    return mean - half, mean + half, mean
end

-- The score interval of a proportion p seen in n trials, n need not be whole, for the quantile q.
function intervals.wilson(p, n, q)
    local shrink = 1 + q * q / n
    local centre = (p + q * q / (2 * n)) / shrink
    local half = q / shrink * math.sqrt(p * (1 - p) / n + q * q / (4 * n * n))
    return math.max(0, centre - half), math.min(1, centre + half)
end

-- For the mean of proportions that k runs (seeds) had on the same `count` images. Two things make it
-- vary: which images were drawn, which all runs share, p (1 - p) / count; and the run, s^2 / k. Their sum
-- V is that of n = p (1 - p) / V independent trials, and only the second part is estimated, so that the
-- quantile is Student's with V^2 / ((s^2 / k)^2 / (k - 1)) degrees of freedom (Satterthwaite, An
-- approximate distribution of estimates of variance components, Biometrics Bulletin 2, 1946).
-- Equal runs give Wilson's interval for `count` trials.
function intervals.proportion(values, count, confidence)
    local mean, variance = intervals.moments(values)
    local p = math.min(math.max(mean, 0), 1)
    local by_run = variance / #values
    local total = p * (1 - p) / count + by_run
    local n, df = count, MANY
    if by_run > 0 and p * (1 - p) > 0 then
        n = p * (1 - p) / total
        df = total ^ 2 / (by_run ^ 2 / (#values - 1))
    end
    local low, high = intervals.wilson(p, n, intervals.quantile(confidence, df))
    return low, high, p
end

return intervals
