"""What a team's programs can be told of. A room that has something to tell adds its line here and calls `emit`."""

from django.db import models


class Event(models.TextChoices):
    """The `type` of a message; `docs/webhooks.md` describes the `data` of each."""

    QUOTA_ALERT = "quota.alert"
    JOB_COMPLETED = "job.completed"
    JOB_DELIVERED = "job.delivered"
    TEST = "webhook.test"


# The test is sent to the endpoint that asked for it, whatever else it is told.
SUBSCRIBABLE = tuple(event for event in Event if event is not Event.TEST)
