-- KEYS: 1 the bucket. ARGV, spans in milliseconds: 2 the caller's time, 3 the free attempts, 4 the first wait, 5 the
-- longest, 6 after how long an attempt is forgotten, 7 how many are counted.
local now, free, first = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local longest, forget, most = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local known = redis.call('HMGET', KEYS[1], 'e', 'b')
local empty_at, blocked_until = tonumber(known[1] or 0) or 0, tonumber(known[2] or 0) or 0

local function digits(number) return string.format('%.0f', number) end

local wait = blocked_until - now
if wait > longest then
  -- Only a clock that has gone back can explain it.
  wait = longest
  redis.call('HSET', KEYS[1], 'b', digits(now + wait))
end
if wait > 0 then return { 'refused', digits(wait) } end

local memory = forget * most
local counted = math.min(math.max(empty_at - now, 0), memory)
local failures = math.min(math.ceil(counted / forget) + 1, most)
local blocked_for = 0
if failures >= free then blocked_for = math.min(first * 2 ^ (failures - free), longest) end
local remembered_for = math.min(counted + forget, memory)
redis.call('HSET', KEYS[1], 'e', digits(now + remembered_for), 'b', digits(now + blocked_for))
-- By a span: by a moment, a clock that is wrong would remove it as it is written.
redis.call('PEXPIRE', KEYS[1], digits(math.max(remembered_for, blocked_for)))
return { 'admitted', digits(failures) }
