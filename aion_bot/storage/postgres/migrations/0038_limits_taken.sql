CREATE TABLE limit_taken (
    platform text NOT NULL,
    budget   text NOT NULL,
    scope    text NOT NULL,
    taken    bigint NOT NULL,
    seconds  double precision NOT NULL,
    at       double precision NOT NULL,
    PRIMARY KEY (platform, budget, scope)
);
