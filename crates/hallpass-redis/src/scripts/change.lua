-- What every script changes with. ARGV: 3 the operation, 4 how long its answer is kept, 5 the channel of the feed.

local OP, KEPT, CHANNEL = ARGV[3], ARGV[4], ARGV[5]

-- A row outlives its deadline by this, so that its end can still be told apart and reported.
local GRACE = 300000
local LARGEST = 9007199254740991

-- The answer that this very operation was given before: the client sends it again when a connection breaks.
local function given_before()
  local packed = redis.call('GET', BASE .. 'g:' .. OP)
  return packed and cmsgpack.unpack(packed)
end

local function answer(reply)
  redis.call('SET', BASE .. 'g:' .. OP, cmsgpack.pack(reply), 'PX', KEPT)
  return reply
end

local function extend(name, span)
  if redis.call('PTTL', name) < span then redis.call('PEXPIRE', name, span) end
end

-- The body is what follows the head. Spans are relative: by an absolute point in time, a clock that is wrong would remove
-- the row as it is written.
local function write(row, body)
  local owner = row.owner == '' and NOBODY or row.owner
  local head = row.handle .. table.concat({
    owner, row.revision, row.idle, row.absolute, row.seen, row.created, row.authenticated, row.level, row.length, '',
  }, '\n')
  local deadline = tonumber(sooner(row.idle, row.absolute))
  local span = math.min(math.max(deadline - tonumber(NOW), 0) + GRACE, LARGEST)
  redis.call('SET', row.name, '1\n' .. checksum(head) .. head .. body, 'PX', span)
  redis.call('ZADD', BASE .. 'x', math.min(deadline, LARGEST), row.key)
  extend(BASE .. 'x', span)
  if row.owner ~= '' then
    redis.call('HSET', name_of_list(row.owner), row.handle, row.key)
    extend(name_of_list(row.owner), span)
  end
end

local ended, news = {}, {}

local function netstring(text)
  return #text .. ':' .. text .. ','
end

-- Removes a row for good. A damaged one is named only if the list of its owner confirms the name.
local function finish(row, reason)
  local in_list = row.owner and row.owner ~= '' and row.handle and listed(row)
  local named = row.sound or in_list
  redis.call('DEL', row.name)
  redis.call('ZREM', BASE .. 'x', row.key)
  if in_list then redis.call('HDEL', name_of_list(row.owner), row.handle) end
  local report = { row.key, named and row.handle or '', named and row.owner or '', reason }
  table.insert(ended, report)
  table.insert(news, netstring('ended') .. netstring(report[1]) .. netstring(report[2]) .. netstring(report[3])
    .. netstring(reason))
end

-- Tells the feed, in portions.
local function tell()
  for first = 1, #news, 100 do
    local last = math.min(first + 99, #news)
    redis.call('PUBLISH', CHANNEL, netstring(OP) .. table.concat(news, '', first, last))
  end
end
