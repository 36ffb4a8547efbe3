"""The billing period: the calendar month of the tenant's own time zone.

SQL expressions over `t` (a row of accounts_tenant) and the parameter `at`, so that the statement
that reserves needs no question asked first. Each is a timestamptz.
"""

START = "(date_trunc('month', %(at)s::timestamptz AT TIME ZONE t.time_zone) AT TIME ZONE t.time_zone)"
END = (
    "((date_trunc('month', %(at)s::timestamptz AT TIME ZONE t.time_zone) + interval '1 month')"
    " AT TIME ZONE t.time_zone)"
)
