"""Which label of generated audio a tenant's speech carries, and who decided it.

Every request's own label stays in its row, with the key or member that asked. What a tenant may is
changed by operators alone, and each change is in the audit trail.
"""

from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from accounts import audit
from accounts.models import Tenant
from accounts.services import OPERATOR
from tts_engine.errors import LabelNotAllowed
from tts_engine.models import Labelling, LabelPolicy, Synthesis
from tts_engine.speech.audio.label import Label

POLICY = """SELECT "default", may_omit FROM tts_engine_labelpolicy WHERE tenant_id = %(tenant)s"""


def policy_of(tenant_id: UUID) -> LabelPolicy:
    with connection.cursor() as cursor:
        cursor.execute(POLICY, {"tenant": tenant_id})
        return policy_read(tenant_id, *(cursor.fetchone() or (None, None)))


def policy_read(tenant_id: UUID, default: str | None, may_omit: bool | None) -> LabelPolicy:
    """From the columns of POLICY: what nobody changed is implicit, and must be there."""
    return LabelPolicy(tenant_id=tenant_id, default=default or Labelling.IMPLICIT, may_omit=bool(may_omit))


@transaction.atomic
def policy_set(
    *, tenant: Tenant, default: str | None = None, may_omit: bool | None = None, actor: str = OPERATOR
) -> LabelPolicy:
    """From the next request on; what is None stays. Raises LabelNotAllowed for a default that it may not have."""
    policy, _ = LabelPolicy.objects.select_for_update().get_or_create(tenant=tenant)
    policy.default = policy.default if default is None else default
    policy.may_omit = policy.may_omit if may_omit is None else may_omit
    if policy.default == Labelling.NONE and not policy.may_omit:
        raise LabelNotAllowed(f"By default none is only for who may omit the label; let {tenant} omit it as well.")
    policy.save()
    details = {"default": policy.default, "may_omit": policy.may_omit}
    audit.record(action="label.policy", actor=actor, tenant=tenant, details=details)
    return policy


def chosen(policy: LabelPolicy, asked: str | None) -> str:
    """The label of a request; None asks for the tenant's default. Raises LabelNotAllowed."""
    if asked is None:
        return policy.default
    if asked == Labelling.NONE and not policy.may_omit:
        raise LabelNotAllowed(
            "Your team's speech must say that it is generated: use the label implicit or audible, or ask your "
            "operator, who may allow none."
        )
    return asked


def label_of(synthesis: Synthesis) -> Label | None:
    """What its file says of content that is generated for it."""
    if synthesis.label == Labelling.NONE:
        return None
    return Label.generated(producer=settings.CONTENT_PRODUCER, content_id=str(synthesis.id))
