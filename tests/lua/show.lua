-- t:show, ds:show, flow:show, history:show, stats:show: what they leave alone, and the texts of charts.
local test = require "luma.test"
local history_text = require "luma.draw_history"
local stats_text = require("luma.draw_stats").text
local draw = require "luma.draw"
local History = require "luma.history"

local train = luma.dataset.digits{ train = 120, test = 10 }
local function plain(columns)
    return { columns = columns or 30, has_color = false, is_fine = false }
end

local function fine(columns)
    return { columns = columns or 30, has_color = true, is_fine = true }
end

-- Colours are written as {blue} and <orange}.
local function lines(...)
    local text = table.concat({ ... }, "\n") .. "\n"
    return (text:gsub("[{<}]", { ["{"] = "\27[38;5;33m", ["<"] = "\27[38;5;208m", ["}"] = "\27[0m" }))
end

local function history_of(columns)
    local h = History.new()
    for epoch = 1, #columns.loss do
        local m = {}
        for name, values in pairs(columns) do
            m[name] = values[epoch]
        end
        History.add(h, m)
    end
    return h
end

test("all of them chain", function()
    local g = luma.generator{ luma.rescale(1/255) }
    local flow = g:flow(train)
    test.ok(rawequal(train:show(1), train))
    test.ok(rawequal(flow:show(1), flow))
    local t = train:image(1)
    test.ok(rawequal(t:show{ max = 1, columns = 20 }, t))
    local s = train:stats()
    test.ok(rawequal(s:show{ columns = 40 }, s))
    local h = history_of{ loss = { 1, 2 } }
    test.ok(rawequal(h:show{ columns = 40 }, h))
end)

test("a flow does not notice, and saves nothing", function()
    local folder = os.tmpname()
    os.remove(folder)
    local g = luma.generator{ luma.rescale(1/255) }:augment{ luma.rotate(20) }
    local a = g:flow(train, { batch = 50, save_to = folder })
    local b = g:flow(train, { batch = 50 })
    a:show(3)
    test.eq(#require("luma.internal").list_folder(folder), 0)
    for _ = 1, 5 do
        test.ok(a:next():equal((b:next())))
        a:show(2)
    end
    test.eq(a.epoch, b.epoch)
    os.execute("rm -rf '" .. folder .. "'")
end)

test("a training does not notice either", function()
    local nn = luma.nn
    local function weights(look)
        local model = luma.model{ input = { 28, 28, 1 }, nn.flatten{}, nn.dense{ 10, act = "softmax" } }
        local flow = luma.generator{ luma.rescale(1/255) }:flow(train)
        for _ in model:steps{ flow, epochs = 3 } do
            look(flow)
        end
        return model:predict(train:image(1):to "f32":reshape{ 1, 28, 28, 1 })
    end
    test.ok(weights(function(flow) flow:show(1) end):equal(weights(function() end)))
end)

local history = history_of{
    loss = { 2, 1, 0.5, 0.25 }, val_loss = { 2.2, 1.5, 1.2, 1.1 },
    accuracy = { 0.1, 0.5, 0.8, 0.9 }, val_accuracy = { 0.2, 0.4, 0.45, 0.5 },
}

test("curves in plain characters", function()
    test.eq(history_text(history, plain()), lines(
        "loss by epoch   * training   o validation",
        "2.5 +",
        "    |oo",
        "2.0 +*",
        "    | ** oo",
        "1.5 +   **   oo",
        "    |     **     oo  oo",
        "1.0 +       ***          oo  o",
        "    |          ****",
        "0.5 +              ******",
        "    |                    *****",
        "0.0 +",
        "    ++-------+-------+-------+",
        "     1       2       3       4",
        "",
        "accuracy by epoch   * training   o validation",
        "100 % +",
        "      |                   ****",
        " 80 % +              *****",
        "      |            **",
        " 60 % +         ***",
        "      |       **           oo",
        " 40 % +     ** oo  oo  oo",
        "      |   **o",
        " 20 % +o**",
        "      |*",
        "  0 % +",
        "      ++------+-------+------+",
        "       1      2       3      4"
    ))
end)

test("curves in dots and colours", function()
    test.eq(history_text(history, fine(24)), lines(
        "loss by epoch   {──} training   <╌╌} validation",
        "2.5 ┤",
        "    │<⠢}",
        "2.0 ┤{⢢} <⠢}",
        "    │ {⠑⡄} <⠢}",
        "1.5 ┤  {⠈⢆}  <⠒} <⣀}",
        "    │    {⠣⡀}    <⠉} <⠤} <⣀} <⣀}",
        "1.0 ┤     {⠘⢄⡀}          <⠉}",
        "    │       {⠈⠑⠤⡀}",
        "0.5 ┤          {⠈⠑⠢⢄⡀}",
        "    │              {⠈⠑⠒⠤⣀}",
        "0.0 ┤",
        "    └┬─────┬─────┬─────┬",
        "     1     2     3     4",
        "",
        "accuracy by epoch   {──} training   <╌╌} validation",
        "100 % ┤",
        "      │             {⣀⠤⠒⠉}",
        " 80 % ┤          {⡠⠒⠉}",
        "      │        {⢀⠜}",
        " 60 % ┤       {⡔⠁}",
        "      │     {⡠⠊}     <⢀} <⣀} <⠤}",
        " 40 % ┤    {⣔⠁}<⠤} <⠒} <⠉} <⠁}",
        "      │  {⣠⠎}<⠁}",
        " 20 % ┤<⠔}{⢠⠊}",
        "      │{⡰⠁}",
        "  0 % ┤",
        "      └┬────┬─────┬────┬",
        "       1    2     3    4"
    ))
end)

test("values that are not finite leave a gap", function()
    test.eq(history_text(history_of{ loss = { 0 / 0, 1, 1 / 0, 2, 2 } }, plain()), lines(
        "loss by epoch   * training",
        "2.00 +                 *******",
        "     |",
        "     |",
        "1.75 +",
        "     |",
        "     |",
        "1.50 +",
        "     |",
        "     |",
        "1.25 +",
        "     |",
        "     |",
        "1.00 +      *",
        "     ++-----+-----+----+-----+",
        "      1     2     3    4     5"
    ))
end)

test("histories with little in them", function()
    test.eq(history_text(History.new(), plain()), "no epoch yet\n")
    test.eq(history_text(history_of{ loss = { 0 / 0 } }, plain()), "loss: no value is finite\n")
    test.ok(history_text(history_of{ loss = { 3 } }, plain()):find("3.0 +*\n", 1, true))
    test.ok(history_text(history_of{ loss = { 0, 0 } }, plain()):find("0.0 +**", 1, true))
end)

local stats = luma.stats():add(luma.tensor({ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 128, 128, 200, 255 } }, "u8"))

test("a histogram in plain characters", function()
    test.eq(stats_text(stats, plain(), true), lines(
        "1 image: mean 44.4375, std 81.4701, min 0, max 255",
        "15 % +^",
        "     |#",
        "     |#       #",
        "10 % +#       #",
        "     |#       #",
        "     |#       #   #  #",
        " 5 % +#       #   #  #",
        "     |#       #   #  #",
        "     |#       #   #  #",
        " 0 % ++---+---+---+--+",
        "      0  64  128   255",
        "cut: values 0 to 15, 75 % of all"
    ))
end)

test("a histogram in blocks", function()
    test.eq(stats_text(stats, fine(), true), lines(
        "1 image: mean 44.4375, std 81.4701, min 0, max 255",
        "15 % ┤{▲}",
        "     │{█}       {▄}",
        "     │{█}       {█}",
        "10 % ┤{█}       {█}",
        "     │{█}       {█}",
        "     │{█}       {█}   {▆}  {▆}",
        " 5 % ┤{█}       {█}   {█}  {█}",
        "     │{█}       {█}   {█}  {█}",
        "     │{█}       {█}   {█}  {█}",
        " 0 % └┬───┬───┬───┬──┬",
        "      0  64  128   255",
        "cut: values 0 to 15, 75 % of all"
    ))
end)

test("numbers where there is no histogram, and one a channel", function()
    test.eq(stats_text(luma.stats():add(luma.tensor({ { 7, 9 } }, "f32")), plain(), false),
        "1 image: mean 8, std 1, min 7, max 9\nno histogram: only u8 data has one\n")
    local s = luma.stats{ axis = "channel" }:add(luma.tensor({ { { { 1, 2, 3 }, { 4, 2, 9 } } } }, "u8"))
    local text = stats_text(s, fine(), true)
    test.ok(text:find("\nchannel 2 (green): mean 2, std 0, min 2, max 2\n100 % ┤\27[38;5;34m█\27[0m\n", 1, true))
    test.ok(text:find("channel 3 (blue): mean 6, std 3, min 3, max 9", 1, true))
    test.eq(s:histogram(2)[3], 2)
    test.fails('stats:histogram: channels are kept apart by axis="channel" alone, not "all"',
        function() stats:histogram(1) end)
    local many = luma.stats{ axis = "channel" }:add(luma.zeros({ 1, 2, 2, 17 }, "u8"))
    test.ok(not stats_text(many, plain(), true):find("|", 1, true))
    test.fails("stats:histogram: of more than 16 channels there is only the one over all",
        function() many:histogram(1) end)
end)

test("no line is wider than the terminal", function()
    for columns = 20, 130 do
        for _, text in ipairs { history_text(history, plain(columns)), stats_text(stats, fine(columns), true) } do
            for line in text:gsub("\27%[[%d;]*m", ""):gmatch "[^\n]*" do
                local is_text = line:find("mean", 1, true) or line:find("by epoch", 1, true) or line:find("cut", 1, true)
                test.ok(is_text or utf8.len(line) <= columns, columns .. ": " .. line)
            end
        end
    end
end)

test("ticks of epochs are whole numbers", function()
    for n = 2, 3000, 7 do
        local ticks = draw.count_axis(n).ticks
        test.ok(#ticks >= 2 and #ticks <= 9 and ticks[1].value == 1, n)
        for _, tick in ipairs(ticks) do
            test.ok(math.type(tick.value) == "integer" and tick.value <= n, n)
        end
    end
end)

test("what cannot be drawn", function()
    local classes = luma.dataset.tensor{ images = luma.zeros({ 3, 4, 4, 2 }, "u8") }
    test.fails("dataset:show: images of shape 4x4x2 cannot be drawn: want 1, 3 or 4 channels",
        function() classes:show() end)
    test.fails("stats:show: nothing was added yet; call stats:add(dataset) first",
        function() luma.stats():show() end)
    test.fails("stats:show: means of 4x4x2 pixels are no picture: want 1, 3 or 4 channels",
        function() classes:stats{ axis = "pixel" }:show() end)
end)

test.done()
