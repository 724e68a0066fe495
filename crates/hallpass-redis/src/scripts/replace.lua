-- ARGV: 24 the old key, 25 the expected revision.
local given = given_before()
if given then return given end
if too_late() then return { 'epoch_moved' } end
local row = read(ARGV[24])
if row and not row.sound then return { 'undecodable', row.version or '' } end
if not is_live(row) or not is_same_session(row) then return { 'gone' } end
if redis.call('EXISTS', NEW.name) == 1 then return { 'gone' } end
if row.revision ~= ARGV[25] then return { 'conflict' } end
redis.call('PTTL', BASE .. 'x')
local done = with_room(function()
  redis.call('DEL', row.name)
  redis.call('ZREM', BASE .. 'x', row.key)
  write_new()
  table.insert(news, netstring('replaced') .. netstring(row.key) .. netstring(NEW.key) .. netstring(NEW.handle))
end)
if not done then return { 'limit_reached' } end
tell()
return answer({ 'replaced', ended })
