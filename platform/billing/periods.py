"""The billing period: a calendar month, or the days up to today, in the tenant's own time zone.

A counter holds one month or, on a plan of rolling days, one day; the period is then the window of
days that ends with today's counter. The quota counts every counter that lies wholly in the window,
so a tenant that changes between the two kinds of plan takes along what its new window covers.

SQL expressions over `t` (a row of accounts_tenant), `p` (of billing_plan) and the parameter `at`,
so that the statement that reserves needs no question asked first. Each is a timestamptz.
"""

_LOCAL = "%(at)s::timestamptz AT TIME ZONE t.time_zone"
_DAY = f"date_trunc('day', {_LOCAL})"
_UNIT = "CASE WHEN p.rolling_days IS NULL THEN 'month' ELSE 'day' END"

# Of the counter that takes what is reserved at `at`.
START = f"(date_trunc({_UNIT}, {_LOCAL}) AT TIME ZONE t.time_zone)"
END = f"((date_trunc({_UNIT}, {_LOCAL}) + ('1 ' || {_UNIT})::interval) AT TIME ZONE t.time_zone)"

# Of the period: its end is the counter's.
WINDOW_START = (
    f"(CASE WHEN p.rolling_days IS NULL THEN date_trunc('month', {_LOCAL})"
    f" ELSE {_DAY} - make_interval(days => p.rolling_days - 1) END AT TIME ZONE t.time_zone)"
)

# Up to where counters are looked at before a promise is made. On rolling days it lies ahead of the
# period's end: of two machines whose clocks differ one may already count the next day.
WINDOW_END = f"({END} + make_interval(days => COALESCE(p.rolling_days, 1) - 1))"

# Characters of the period with the raises in force at `at`; NULL is no limit.
QUOTA = (
    "(p.characters_per_period + COALESCE((SELECT sum(r.characters) FROM billing_quotaraise r"
    " WHERE r.tenant_id = t.id AND r.starts_at <= %(at)s AND r.until > %(at)s), 0))::bigint"
)
