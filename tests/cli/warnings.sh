#!/bin/sh
# What a training is warned about, once each, on stderr; and what it is not warned about.
. tests/help_sh.sh
LUMA=${LUMA:-$PWD/build/luma}
cd "$work" || exit 1

# after TEXT: runs a script of the beginning below and TEXT; warnings, without their name, go to `said`.
after() {
    {
        cat <<'E2'
local train, test = luma.dataset.digits{ train = 300, test = 60 }
local nn, scaled = luma.nn, luma.generator{ luma.rescale(1/255) }
local function model()
    return luma.model{ input = {28, 28, 1}, nn.flatten{}, nn.dense{ 10, act = "softmax" } }
end
local function fit(g, o, f)
    o = o or {}
    o[1], o.progress = g:flow(train, f), false
    return model():fit(o)
end
E2
        printf '%s\n' "$1"
    } >t.lua
    "$LUMA" run t.lua >out 2>err || { cat err; return 1; }
    sed -n 's/^luma: warning: t.lua:[0-9]*: //p' err >said
}
# warns TEXT PATTERN: of exactly one thing, in these words.
warns() { after "$1" && [ "$(wc -l <said)" -eq 1 ] && [ "$(wc -l <err)" -eq 1 ] && grep -qE "$2" said || { cat err; false; }; }
is_fine() { after "$1" && [ ! -s err ] || { cat err; false; }; }

check "scaled pixels are fine" is_fine 'fit(scaled) fit(scaled, { validate = scaled:flow(test) })'
check "so are standardized and whitened ones" is_fine '
    fit(luma.generator{ luma.standardize{ "feature" } }:fit(train))
    fit(luma.generator{ luma.standardize{ "sample" } })'
check "bytes are not" warns 'fit(luma.generator{})' \
    '^the network gets pixels from 0 to 255, too large to train well; scale them to about -1..1, as luma.rescale'
check "centered bytes are not" warns 'fit(luma.generator{ luma.center "feature" }:fit(train))' \
    '^the network gets pixels from -[0-9.]+ to [0-9.]+, too large'
check "nor pixels rescaled twice" warns 'fit(luma.generator{ luma.rescale(1/255), luma.rescale(1/255) })' \
    'too small to train well; are they rescaled twice'
check "nor pixels that are all equal" warns 'fit(luma.generator{ luma.rescale(1/255), luma.clip{ 2, 3 } })' \
    '^all pixels that reach the network are 2: there is nothing to learn from'
check "a line is warned once" warns 'for _ = 1, 3 do fit(luma.generator{}) end' 'too large'
check "model:train too" warns 'for _ in model():train{ luma.generator{}:flow(train), progress = false } do end' 'too large'
check "and model:steps" warns 'for _ in model():steps{ luma.generator{}:flow(train), steps = 1 } do end' 'too large'

check "a flow in order" warns 'fit(scaled, {}, { shuffle = false })' '^the training flow is not shuffled'
check "one batch has no order" is_fine 'fit(scaled, {}, { shuffle = false, batch = 300 })'
check "nor has one that takes classes in turn" is_fine 'fit(scaled, {}, { sampling = "balanced" })'
check "validation needs none" is_fine 'fit(scaled, { validate = scaled:flow(test, { shuffle = false }) })'

check "a class without training images" warns '
    train = train:filter{ 0, 1, 2, 4, 5, 6, 7, 8, 9 }
    fit(scaled, { validate = scaled:flow(test) })' \
    "^the training images have none of '3', which the validation images have"
check "classes without validation images" warns 'fit(scaled, { validate = scaled:flow(test:filter{ 0, 4, 9 }) })' \
    "^the validation images have none of '1', '2', '3', '5', '6' and 2 more: their figures"
check "classes that neither has are left out on purpose" is_fine '
    train = train:filter{ 0, 1 }
    fit(scaled, { validate = scaled:flow(test:filter{ 0, 1 }) })'

check "stuck at chance" warns '
    fit(scaled, { epochs = 2, optimizer = luma.sgd{ rate = 1e-12 } }, { batch = 5 })' \
    "^after epoch 1 the accuracy is [0-9.]+ %, no better than always answering '7' \(13.00 % of the images, the largest class\); another rate \(now 1e-12\)"
check "the largest class has a name and a share" warns '
    train = train:filter{ 7 }:concat(train:filter{ 3, 4 }:take(30))
    fit(scaled, { epochs = 2, optimizer = luma.sgd{ rate = 1e-12 } }, { batch = 1 })' \
    "always answering '7' \(56.52 % of the images"
check "a loss that stays where it was" warns '
    luma.model{ input = {28, 28, 1}, nn.conv{ 1, padding = "same" } }:fit{
        scaled:flow(train, { batch = 5, labels = "input" }), loss = "mse", epochs = 3, progress = false,
        optimizer = luma.sgd{ rate = 1e-12 } }' \
    "^the loss is the same after epoch 2 as after epoch 1, [0-9.]+: the network does not learn; the rate \(now 1e-12\)"
check "too few steps to tell" is_fine 'fit(scaled, { optimizer = luma.sgd{ rate = 1e-12 } })'
check "learning is not chance" is_fine 'fit(scaled, { epochs = 2 }, { batch = 5 })'
check "one class is no chance" is_fine 'train = train:filter{ 7 } fit(scaled, {}, { batch = 1 })'

# A network of a hidden relu layer of 20 units, n of them with a bias that nothing overcomes.
HIDDEN='
    local function hidden(n)
        local m = luma.model{ input = {28, 28, 1}, nn.flatten{}, nn.dense{ 20, act = "relu" }, nn.dense{ 10, act = "softmax" } }
        local bias = luma.zeros({ 20 }, "f32")
        for i = 1, n do bias:set(i, -1e6) end
        m:set_weights{ ["dense1/bias"] = bias }
        return m
    end
    local o = { scaled:flow(train), epochs = 2, progress = false }'
check "units that are always 0" warns "$HIDDEN hidden(19):fit(o)" \
    '^after epoch 1, 19 of the 20 units of layer 2 \(dense\) are 0 for each of 32 images: they will not learn again; a lower rate \(now 0.001\)'
check "many of them are left alone" is_fine "$HIDDEN hidden(18):fit(o)"
check "a rate that kills them" warns '
    local m = luma.model{ input = {28, 28, 1}, nn.conv{ 8, kernel = 3, act = "relu" }, nn.maxpool{ 2 }, nn.flatten{},
        nn.dense{ 10, act = "softmax" } }
    m:fit{ scaled:flow(train), epochs = 5, progress = false, optimizer = luma.sgd{ rate = 1000 } }' \
    '^after epoch [1-5], 8 of the 8 units of layer 1 \(conv\) are 0'
check "healthy ones" is_fine "$HIDDEN hidden(0):fit(o)"

after 'fit(luma.generator{})'
"$LUMA" run --quiet t.lua 2>err
check "--quiet has no warnings" test ! -s err
done_testing
