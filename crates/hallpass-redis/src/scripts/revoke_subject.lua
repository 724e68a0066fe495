-- ARGV: 6 the owner, 7 the actor's handle or nothing, 8 which (all, all_but, one), 9 the handle that this is about, 10
-- the reason, 11 how long the epoch is kept.
local given = given_before()
if given then return given end
local owner, actor, which, about = ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local list, epoch = name_of_list(owner), BASE .. 'e:' .. owner

if actor ~= '' then
  local key = redis.call('HGET', list, actor)
  local row = key and read(key)
  if not (row and row.sound and row.handle == actor and row.owner == owner and not over(row)) then
    return { 'actor_gone' }
  end
end

local entries
if which == 'one' then
  local key = redis.call('HGET', list, about)
  entries = key and { about, key } or {}
else
  entries = redis.call('HGETALL', list)
end

local stale, meant = {}, {}
for n = 1, #entries, 2 do
  local handle, row = entries[n], read(entries[n + 1])
  if not row or (row.sound and (row.handle ~= handle or row.owner ~= owner)) then
    table.insert(stale, handle)
  elseif not (which == 'all_but' and handle == about) then
    -- The list is what tells whose a damaged row is.
    row.handle, row.owner = handle, owner
    table.insert(meant, { row, row.sound and over(row) or ARGV[10] })
  end
end

local previous = redis.call('GET', epoch) or ''
redis.call('PTTL', BASE .. 'x')
local current = previous
if which ~= 'one' then
  current = OP
  redis.call('SET', epoch, current, 'PX', ARGV[11])
end
for _, handle in ipairs(stale) do redis.call('HDEL', list, handle) end
for _, entry in ipairs(meant) do finish(entry[1], entry[2]) end
tell()
return answer({ 'done', previous, current, ended })
