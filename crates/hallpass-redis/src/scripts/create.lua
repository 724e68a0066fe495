local given = given_before()
if given then return given end
if too_late() then return { 'epoch_moved' } end
if redis.call('EXISTS', NEW.name) == 1 then return { 'already_exists' } end
redis.call('PTTL', BASE .. 'x')
if not with_room(write_new) then return { 'limit_reached' } end
tell()
return answer({ 'created', ended })
