INSERT INTO counters (instance, quota, month, used, allowance)
SELECT customers.instance, 'turn', unixepoch(:period || '-01'), 1, entitlements.turn
FROM customers JOIN entitlements ON entitlements.owner = customers.sub
WHERE customers.sub = :sub AND entitlements.turn >= 1
ORDER BY entitlements.turn DESC LIMIT 1
ON CONFLICT (instance, quota, month) DO UPDATE
SET used = counters.used + 1, allowance = excluded.allowance WHERE counters.used < excluded.allowance
RETURNING instance AS instance_id, used, allowance AS most
