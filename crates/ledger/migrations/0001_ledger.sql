-- Who pays, what they may use, and what they used. Times are unix seconds, months and days the second they begin in UTC.

-- A customer comes into being when their Cognito `sub` is first known, and keeps the instance they are given then.
CREATE TABLE customers (
    sub TEXT NOT NULL PRIMARY KEY,
    instance TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What the price of a subscription allows; a lookup key without a row gives nothing.
CREATE TABLE plans (
    lookup_key TEXT NOT NULL PRIMARY KEY,
    turn INTEGER NOT NULL CHECK (turn >= 0),       -- allocations in a month
    video INTEGER NOT NULL CHECK (video >= 0),     -- participant-minutes in a month
    storage INTEGER NOT NULL CHECK (storage >= 0)  -- bytes held at once
) STRICT, WITHOUT ROWID;

INSERT INTO plans (lookup_key, turn, video, storage) VALUES
    ('chitchatter_pro_monthly', 500, 1000, 5368709120),
    ('chitchatter_pro_yearly', 500, 1000, 5368709120);

-- Which user a Stripe customer is, as the latest completed checkout says.
CREATE TABLE links (
    stripe_customer TEXT NOT NULL PRIMARY KEY,
    sub TEXT NOT NULL,
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Each subscription as its winning event says: the last by (created, rank, event). The owner is who its own metadata names, or
-- else the user its Stripe customer is linked to; it is worked out anew whenever one of the two changes, so that a subscription
-- known before its link becomes somebody's when the link arrives.
CREATE TABLE subscriptions (
    id TEXT NOT NULL PRIMARY KEY,
    stripe_customer TEXT NOT NULL,
    sub TEXT,
    owner TEXT,
    status TEXT NOT NULL,
    lookup_key TEXT,
    current_period_end INTEGER,
    created INTEGER NOT NULL,
    rank INTEGER NOT NULL,
    event TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX subscriptions_by_owner ON subscriptions (owner);
CREATE INDEX subscriptions_by_stripe_customer ON subscriptions (stripe_customer);

-- What gives access, and how much. The order of a cross join is kept: a plan is looked up for each subscription of an owner.
CREATE VIEW entitlements (owner, subscription, turn, video, storage) AS
SELECT owner, id, turn, video, storage
FROM subscriptions CROSS JOIN plans USING (lookup_key)
WHERE status IN ('active', 'trialing', 'past_due');

-- Every webhook event that was accepted, once.
CREATE TABLE events (
    id TEXT NOT NULL PRIMARY KEY,
    type TEXT NOT NULL,
    created INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    subject TEXT,          -- the subscription or Stripe customer that it is about
    unprocessable TEXT     -- why it could not be understood
) STRICT, WITHOUT ROWID;

-- What an instance used in a month. The allowance is the one that the last count was held against.
CREATE TABLE counters (
    instance TEXT NOT NULL REFERENCES customers (instance),
    quota TEXT NOT NULL,
    month INTEGER NOT NULL,
    used INTEGER NOT NULL CHECK (used >= 0),
    allowance INTEGER NOT NULL,
    PRIMARY KEY (instance, quota, month)
) STRICT, WITHOUT ROWID;

-- What a guest of an instance asked for on their latest day there.
CREATE TABLE guests (
    instance TEXT NOT NULL REFERENCES customers (instance),
    guest TEXT NOT NULL,
    day INTEGER NOT NULL,
    used INTEGER NOT NULL CHECK (used >= 0),
    PRIMARY KEY (instance, guest)
) STRICT, WITHOUT ROWID;

-- Files, from the reservation on. `held_until` says how long the size counts: until the URL expires, from the upload for 24 hours.
CREATE TABLE files (
    instance TEXT NOT NULL REFERENCES customers (instance),
    name TEXT NOT NULL,
    size INTEGER NOT NULL CHECK (size > 0),
    content_type TEXT NOT NULL,
    reserved_at INTEGER NOT NULL,
    url_expires_at INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'reserved' CHECK (state IN ('reserved', 'uploaded', 'released')),
    uploaded_at INTEGER,
    held_until INTEGER NOT NULL,
    PRIMARY KEY (instance, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX files_held ON files (instance, held_until, size);
CREATE INDEX files_undecided ON files (instance, url_expires_at) WHERE state = 'reserved';

-- The meeting of a room. A meeting that ended is retired by going on to the next generation, so that it is replaced once.
CREATE TABLE rooms (
    instance TEXT NOT NULL REFERENCES customers (instance),
    room TEXT NOT NULL,
    generation INTEGER NOT NULL,
    meeting TEXT,
    PRIMARY KEY (instance, room)
) STRICT, WITHOUT ROWID;
