-- KEYS: 1 the secret. ARGV: 3 what it becomes if there is none.
redis.call('SET', KEYS[1], ARGV[3], 'NX')
return { 'secret', redis.call('GET', KEYS[1]) }
