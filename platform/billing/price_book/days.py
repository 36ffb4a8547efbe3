"""The day it is where most vendors of the book make out their bills."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

VENDORS_ZONE = ZoneInfo("Asia/Shanghai")


def today() -> date:
    return datetime.now(VENDORS_ZONE).date()
