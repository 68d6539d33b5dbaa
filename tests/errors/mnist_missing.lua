-- exit: 4
-- says: mnist_missing.lua:3: luma.dataset.mnist: mnist is not here: 'make mnist' or 'datasets/fetch.sh mnist' fetches its four files; looked in nowhere
local train, test = luma.dataset.mnist "nowhere"
