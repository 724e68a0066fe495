-- What may speak against a login. ARGV: 18 whether there is a ticket, 19 its epoch, 20 when it began, 21 the limit (0:
-- none), 22 whether the limit refuses, 23 the moment before which a login that was not seen since counts as lost.

local MAX, REFUSES, LOST = tonumber(ARGV[21]), ARGV[22] == '1', ARGV[23]

-- Whether the login began before the owner's logins were all ended.
local function too_late()
  if ARGV[18] ~= '1' or NEW.owner == '' then return false end
  local earliest = not_before(NEW.owner)
  if earliest and before(ARGV[20], earliest) then return true end
  return (redis.call('GET', BASE .. 'e:' .. NEW.owner) or '') ~= ARGV[19]
end

-- The first byte that differs decides: the comparison of strings depends on the server's locale.
local function bytes_before(a, b)
  for n = 1, math.min(#a, #b) do
    local left, right = string.byte(a, n), string.byte(b, n)
    if left ~= right then return left < right end
  end
  return #a < #b
end

local function never_arrived(row)
  return not before(row.created, row.seen) and before(row.created, LOST)
end

local function gives_way_before(a, b)
  if never_arrived(a) ~= never_arrived(b) then return never_arrived(a) end
  if a.seen ~= b.seen then return before(a.seen, b.seen) end
  if a.created ~= b.created then return before(a.created, b.created) end
  return bytes_before(a.key, b.key)
end

-- The owner's other logins: entries that lead nowhere, rows that are over, and live rows of the new one's level.
local function others()
  local stale, gone, rivals = {}, {}, {}
  local list = name_of_list(NEW.owner)
  -- Without a limit the list may be long: some of it each time keeps it from growing.
  local entries = MAX > 0 and redis.call('HGETALL', list) or redis.call('HRANDFIELD', list, 16, 'WITHVALUES')
  for n = 1, #entries, 2 do
    local row = read(entries[n + 1])
    if not row or (row.sound and (row.handle ~= entries[n] or row.owner ~= NEW.owner)) then
      table.insert(stale, entries[n])
    elseif MAX > 0 and row.sound and row.handle ~= NEW.handle then
      local reason = over(row)
      if reason then
        table.insert(gone, { row, reason })
      elseif row.level == NEW.level then
        table.insert(rivals, row)
      end
    end
  end
  return stale, gone, rivals
end

-- Calls `commit` with room for one more login made before; false, and nothing done, if there may not be one more.
local function with_room(commit)
  if NEW.owner == '' then
    commit()
    return true
  end
  local stale, gone, rivals = others()
  local too_many = MAX > 0 and math.max(#rivals - (MAX - 1), 0) or 0
  table.sort(rivals, gives_way_before)
  for n = 1, too_many do
    if REFUSES and not never_arrived(rivals[n]) then return false end
    table.insert(gone, { rivals[n], 'session_limit' })
  end
  for _, handle in ipairs(stale) do redis.call('HDEL', name_of_list(NEW.owner), handle) end
  for _, entry in ipairs(gone) do finish(entry[1], entry[2]) end
  commit()
  return true
end
