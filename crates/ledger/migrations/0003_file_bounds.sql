-- What a plan allows of one file. The API takes none larger than 1 GiB, whatever stands here.
ALTER TABLE plans ADD COLUMN file_size INTEGER NOT NULL DEFAULT 1073741824 CHECK (file_size > 0); -- bytes

-- The media types that a plan allows, without parameters and in lower case, `image/*` for all images; a plan without a row allows any.
CREATE TABLE media_types (
    lookup_key TEXT NOT NULL REFERENCES plans (lookup_key),
    media_type TEXT NOT NULL CHECK (media_type GLOB '?*/?*' AND media_type NOT GLOB '*[^a-z0-9!#$&^_.+*/-]*'),
    PRIMARY KEY (lookup_key, media_type)
) STRICT, WITHOUT ROWID;

-- The same as before, and what leads to the media types.
DROP VIEW entitlements;
CREATE VIEW entitlements (owner, subscription, turn, video, storage, file_size, lookup_key) AS
SELECT owner, id, turn, video, storage, file_size, lookup_key
FROM subscriptions CROSS JOIN plans USING (lookup_key)
WHERE status IN ('active', 'trialing', 'past_due');
