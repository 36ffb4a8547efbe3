"""Long lists, a page at a time: `next` of one answer goes into `cursor` of the following call."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response


class Pages(CursorPagination):
    page_size_query_param = "limit"

    def answer(
        self, rows: QuerySet[Any], request: Request, serializer: type[serializers.BaseSerializer[Any]]
    ) -> Response:
        page = self.paginate_queryset(rows, request) or []
        link = self.get_next_link()
        return Response(
            {
                "object": "list",
                "data": serializer(page, many=True).data,
                "has_more": link is not None,
                "next": link and parse_qs(urlsplit(link).query)["cursor"][0],
            }
        )


class NewestFirst(Pages):
    """Of rows whose ids do not follow their making."""

    ordering = ("-created_at", "-id")
    page_size = 100
    max_page_size = 1000
