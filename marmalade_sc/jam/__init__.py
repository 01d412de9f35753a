"""The state of a jam in Redis: servers, keys, tags, streams, registers, schedule."""
