"""Everything `webhooks` refuses.

WebhookError
├── AddressError            an address that nothing is sent to; `param` is `url`
│   ├── UnacceptableUrl     not http or https, with a password in it, or no URL at all
│   ├── AddressNotFound     its host has no address
│   └── AddressRefused      its host is inside a network that is not the public one
├── Unreachable             the address is good, but no answer came from it
├── UnknownEvent            a type that no message has
├── TooManyEndpoints        the team has as many as it may
├── EndpointDisabled        nothing is sent to it until it is enabled
├── EndpointNotFound        no endpoint of that id, or not one of this tenant's
└── DeliveryNotFound        no delivery of that number at this endpoint
"""


class WebhookError(Exception):
    """Root of the tree; its message says what to do."""

    code = "webhook_error"
    param: str | None = None


class AddressError(WebhookError):
    """An address that nothing is sent to."""

    code = "address_unacceptable"
    param = "url"


class UnacceptableUrl(AddressError):
    """Not a URL, of another scheme than is allowed, or with a user name or password in it."""


class AddressNotFound(AddressError):
    """The host's name leads to no address."""

    code = "address_not_found"


class AddressRefused(AddressError):
    """The host's address is not on the public network, and no setting allows it."""

    code = "address_refused"


class Unreachable(WebhookError):
    """No connection, no answer in time, or one that is no HTTP."""

    code = "address_unreachable"


class UnknownEvent(WebhookError):
    """No message has this type."""

    code = "unknown_event"
    param = "events"


class TooManyEndpoints(WebhookError):
    """The team has as many endpoints as it may."""

    code = "webhook_limit_reached"


class EndpointDisabled(WebhookError):
    """Nothing is sent to an endpoint that is switched off."""

    code = "webhook_disabled"


class EndpointNotFound(WebhookError):
    """No endpoint of that id, or not one of this tenant's."""

    code = "webhook_not_found"


class DeliveryNotFound(WebhookError):
    """No delivery of that number at this endpoint."""

    code = "delivery_not_found"
