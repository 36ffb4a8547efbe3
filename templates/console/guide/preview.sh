curl {{ url }}/v1/text/preview \
  -H "Authorization: Bearer $VOXHOUSE_API_KEY" -H "Content-Type: application/json" \
  -d '{"input": "银行有3家。", "voice": "xiaoxiao"}'
