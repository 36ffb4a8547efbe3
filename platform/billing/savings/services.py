"""What the operator says that speech costs here."""

from django.db import transaction

from accounts import audit
from accounts.models import Tenant
from accounts.services import OPERATOR
from billing.models import OwnCost
from billing.savings.cost import BusyCost, Cost, MonthlyCost, micro


@transaction.atomic
def own_cost_set(*, tenant: Tenant | None, cost: Cost, actor: str = OPERATOR) -> None:
    """The one cost of the tenant, None for the platform's: in force for every day that is asked about from now on."""
    values: dict[str, int] = {}
    match cost:
        case MonthlyCost():
            values = {
                "server_a_month": micro(cost.server),
                "power_a_month": micro(cost.power),
                "staff_a_month": micro(cost.staff),
                "one_off": micro(cost.one_off),
                "one_off_months": cost.one_off_months,
            }
        case BusyCost():
            values = {"busy_hour": micro(cost.hour)}
    OwnCost.objects.filter(tenant=tenant).delete()
    OwnCost.objects.create(tenant=tenant, **values)
    audit.record(action="own_cost.set", actor=actor, tenant=tenant, details=values)
