curl {{ url }}/v1/webhooks \
  -H "Authorization: Bearer $VOXHOUSE_API_KEY" -H "Content-Type: application/json" \
  -d '{"url": "https://crm.example.org/voxhouse", "events": ["job.completed"]}'
