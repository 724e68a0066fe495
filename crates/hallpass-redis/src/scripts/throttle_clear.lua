-- KEYS: 1 the bucket.
redis.call('DEL', KEYS[1])
return { 'cleared' }
