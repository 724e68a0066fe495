-- What every script reads with. ARGV: 1 the beginning of the tag's keys, 2 the caller's time.

local BASE, NOW = ARGV[1], ARGV[2]

-- Times and revisions are decimal numbers without leading zeros: a double would lose the last digits beyond 2^53.
local function before(a, b)
  if #a ~= #b then return #a < #b end
  return a < b
end

local function later(a, b)
  if before(a, b) then return b end
  return a
end

local function sooner(a, b)
  if before(a, b) then return a end
  return b
end

local function name_of_row(key) return BASE .. 's:' .. key end
local function name_of_list(owner) return BASE .. 'u:' .. owner end

-- A field that was changed by anything but a script is noticed by this.
local function checksum(values)
  return string.sub(redis.sha1hex(table.concat(values, '\n', 1, 10)), 1, 16)
end

local function fields(row)
  return {
    row.handle, row.owner, row.version, row.revision, row.idle, row.absolute, row.seen, row.created,
    row.authenticated, row.level,
  }
end

local function from_fields(key, values)
  local row = { key = key, name = name_of_row(key), complete = true }
  row.handle, row.owner, row.version, row.revision, row.idle, row.absolute, row.seen, row.created,
    row.authenticated, row.level = unpack(values, 1, 10)
  return row
end

-- The row under a key; nil if there is none. One that is damaged, or of a version that this one does not know, is not
-- sound: nothing is decided by what it says, but it can be ended.
local function read(key)
  local values = redis.pcall('HMGET', name_of_row(key), 'h', 'u', 'v', 'r', 'i', 'a', 'l', 'c', 't', 'f', 'k')
  if values.err then
    if string.sub(values.err, 1, 9) ~= 'WRONGTYPE' then error(values) end
    return { key = key, name = name_of_row(key), sound = false }
  end
  local present = 0
  for n = 1, 11 do
    if values[n] then present = present + 1 end
  end
  if present == 0 and redis.call('EXISTS', name_of_row(key)) == 0 then return nil end
  local row = from_fields(key, values)
  row.sound = present == 11 and row.version == '1' and values[11] == checksum(values)
  return row
end

local moments = {}

-- The moment before which no login of the owner's realm counts; false if there is none.
local function not_before(owner)
  local realm = string.match(owner, '^[^\n]*')
  if moments[realm] == nil then moments[realm] = redis.call('HGET', BASE .. 'n', realm) end
  return moments[realm]
end

-- Why a sound row no longer counts; nil while it does.
local function over(row)
  if not before(NOW, row.absolute) then return 'absolute_timeout' end
  if not before(NOW, row.idle) then return 'idle_timeout' end
  if row.owner == '' then return nil end
  local earliest = not_before(row.owner)
  if earliest and before(row.authenticated, earliest) then return 'ended_for_all' end
  return nil
end

-- Whether the list of the owner leads to this row. A login that it does not lead to could not be ended with the
-- others: it is dead.
local function listed(row)
  return redis.call('HGET', name_of_list(row.owner), row.handle) == row.key
end

local function linked(row)
  return row.owner == '' or listed(row)
end

local function is_live(row)
  return row and row.sound and linked(row) and not over(row)
end
