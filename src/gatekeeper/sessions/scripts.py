"""The Lua scripts of the sessions. Each is one indivisible step, its message to the other nodes included.

``gk:s:<id>`` is a hash: ``c`` (core), ``o`` (owner's facts), ``s`` (two-factor scope), ``t`` (last seen), and where
there is any ``d`` (the pages' data). ``gk:u:<user id>`` is a sorted set of the person's session ids by absolute limit.
"""

from __future__ import annotations

from gatekeeper.sessions.messages import CHANNEL

SESSION = "gk:s:"
PERSON = "gk:u:"

_COMMON = f"""
local function owner_of(key)
  local text = redis.call('HGET', key, 'o')
  if not text then return nil end
  local facts = cjson.decode(text)
  return facts[2], facts[3], text
end

local function publish(message)
  redis.call('PUBLISH', '{CHANNEL}', cjson.encode(message))
end

local function store(id, core, owner, scope, seen, user, expires, lifetime, kept)
  local key, index = '{SESSION}' .. id, '{PERSON}' .. user
  redis.call('HSET', key, 'c', core, 'o', owner, 's', scope, 't', seen)
  redis.call('PEXPIRE', key, kept)
  redis.call('ZREMRANGEBYSCORE', index, '-inf', '(' .. seen)
  redis.call('ZADD', index, expires, id)
  if redis.call('PTTL', index) < tonumber(lifetime) then redis.call('PEXPIRE', index, lifetime) end
end

local function drop(id)
  local key = '{SESSION}' .. id
  local user = owner_of(key)
  if user then redis.call('ZREM', '{PERSON}' .. user, id) end
  redis.call('DEL', key)
  return user
end
"""

CREATE = (
    _COMMON
    + """
store(ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9])
"""
)

# The old session's facts win where they are newer (a change arrived meanwhile), and its pages' data goes along.
REPLACE = (
    _COMMON
    + f"""
local old = ARGV[11]
local user, version, text = owner_of('{SESSION}' .. old)
if not user then return false end
local data = redis.call('HGET', '{SESSION}' .. old, 'd')
local owner = ARGV[3]
if user == ARGV[6] and version > tonumber(ARGV[10]) then owner = text end
drop(old)
store(ARGV[1], ARGV[2], owner, ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9])
if data then redis.call('HSET', '{SESSION}' .. ARGV[1], 'd', data) end
publish({{kind = 'ended', ids = {{old}}, user_id = user}})
return user
"""
)

DELETE = (
    _COMMON
    + """
local user = drop(ARGV[1])
if user then publish({kind = 'ended', ids = {ARGV[1]}, user_id = user}) end
return user
"""
)

END_ALL = (
    _COMMON
    + f"""
local ended = {{}}
for _, id in ipairs(redis.call('ZRANGE', '{PERSON}' .. ARGV[1], 0, -1)) do
  if id ~= ARGV[2] then
    if redis.call('DEL', '{SESSION}' .. id) == 1 then ended[#ended + 1] = id end
    redis.call('ZREM', '{PERSON}' .. ARGV[1], id)
  end
end
if #ended > 0 then publish({{kind = 'ended', ids = ended, user_id = ARGV[1]}}) end
return ended
"""
)

REWRITE_OWNER = (
    _COMMON
    + f"""
local changed = {{}}
for _, id in ipairs(redis.call('ZRANGE', '{PERSON}' .. ARGV[1], 0, -1)) do
  local user, version = owner_of('{SESSION}' .. id)
  if not user then
    redis.call('ZREM', '{PERSON}' .. ARGV[1], id)
  elseif version < tonumber(ARGV[2]) then
    redis.call('HSET', '{SESSION}' .. id, 'o', ARGV[3])
    changed[#changed + 1] = id
  end
end
if #changed > 0 then publish({{kind = 'changed', ids = changed}}) end
return changed
"""
)

SET_SCOPE = """
local scope = redis.call('HGET', KEYS[1], 's')
if scope and tonumber(string.match(scope, '^%S+')) <= tonumber(string.match(ARGV[1], '^%S+')) then
  redis.call('HSET', KEYS[1], 's', ARGV[1])
end
"""

# The absolute limit is the second value of the core; a session that nobody touches any more goes before.
TOUCH = """
local seen = redis.call('HGET', KEYS[1], 't')
if not seen or tonumber(seen) >= tonumber(ARGV[1]) then return end
redis.call('HSET', KEYS[1], 't', ARGV[1])
local left = (cjson.decode(redis.call('HGET', KEYS[1], 'c'))[3] - tonumber(ARGV[1])) * 1000
redis.call('PEXPIRE', KEYS[1], math.floor(math.max(1, math.min(left, tonumber(ARGV[2])))))
"""

SET_DATA = """
if redis.call('EXISTS', KEYS[1]) == 0 then return end
if ARGV[1] == '' then redis.call('HDEL', KEYS[1], 'd') else redis.call('HSET', KEYS[1], 'd', ARGV[1]) end
"""
