-- luma batch --json FILE: everything that is known of a batch, as one JSON text.
--
-- Its members ("luma.batch/1"; readers skip members they do not know, what does not apply is left out):
--   schema, started (UTC, ISO 8601), seconds, jobs, command (words)
--   counts: runs, passed, failed, expectations, expectations_failed, expectations_excused, seeds_failed
--   not_started: how many runs an interrupt kept from beginning
--   runs: list of the records luma run --record writes ("luma.run/1"): name, file, arguments, given,
--     status, exit_code, signal, message, seconds, cpu_seconds, peak_memory_bytes, folder, warnings,
--     figures: name, value, where
--     expectations: name, text, passed, where; of a figure also value, operator, bound;
--       excused: "seeds" where this seed's failure is not counted
--     histories, evaluations, pixels, datasets, environment: see record.lua
--   seeds: list of name, arguments, seeds, expectations: name, operator, bound, n, mean, low, high,
--     confidence, method, passed, text
--   baseline: file, notes, comparisons: run, figure, kind, was, is, tolerance, worse_by, passed, text
-- Numbers that are not finite are null. --baseline reads this file.

local internal = require "luma.internal"
local json = require "luma.json"

local outcome = require "luma.outcome"

local results = { SCHEMA = "luma.batch/1" }

function results.write(path, batch)
    outcome.count(batch)
    local copy = outcome.listed(batch)
    copy.schema = results.SCHEMA
    internal.write("luma batch --json", path, json.encode(copy, 2) .. "\n")
end

return results
