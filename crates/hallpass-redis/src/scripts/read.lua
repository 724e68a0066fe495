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

-- A row is one string: its version and a line feed; the head's checksum, 16 characters; the head, which scripts decide
-- by: the handle, 16 bytes, and lines, the realm and the subject of the owner (both empty for a visitor), the revision,
-- the idle and the absolute deadline, when it was last seen, created and authenticated, the level, and the length of what
-- follows the head without the application's data; then that, and the data.
local HANDLE, LINES = 19, 35
local LINE_BY_LINE = '^([^\n]*\n[^\n]*)\n(%d+)\n(%d+)\n(%d+)\n(%d+)\n(%d+)\n(%d*)\n(%l*)\n(%d+)\n()'
local LONGEST_HEAD = 512
local NOBODY = '\n'

-- A head that was changed by anything but a script is noticed by this.
local function checksum(head)
  return string.sub(redis.sha1hex(head), 1, 16)
end

local function with_lines(row, owner, revision, idle, absolute, seen, created, authenticated, level, length, body)
  row.owner = owner ~= NOBODY and owner or owner and ''
  row.revision, row.idle, row.absolute, row.seen, row.created, row.authenticated, row.level, row.length, row.body =
    revision, idle, absolute, seen, created, authenticated, level, length, body
  return row
end

-- The row under a key; nil if there is none. One that is damaged, or of a version that this one does not know, is not
-- sound: nothing is decided by what it says, but it can be ended.
local function read(key)
  local row = { key = key, name = name_of_row(key), sound = false }
  local text = redis.pcall('GETRANGE', row.name, 0, LONGEST_HEAD - 1)
  if type(text) == 'table' then
    if string.sub(text.err, 1, 9) ~= 'WRONGTYPE' then error(text) end
    return row
  end
  if text == '' and redis.call('EXISTS', row.name) == 0 then return nil end
  row.version, row.handle = string.match(text, '^(%d+)\n'), string.sub(text, HANDLE, LINES - 1)
  with_lines(row, string.match(text, LINE_BY_LINE, LINES))
  if row.version == '1' and row.body then
    row.sound = string.sub(text, 3, HANDLE - 1) == checksum(string.sub(text, HANDLE, row.body - 1))
  end
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
