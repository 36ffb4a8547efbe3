"""Who is in front of the screen, and for which tenant."""

from accounts.models import Member


def membership(*, user_id: int) -> Member | None:
    """The member that this user acts as: the first membership, with its tenant; None if there is none."""
    return Member.objects.select_related("tenant").filter(user_id=user_id).order_by("pk").first()
