curl {{ url }}/tts \
  -H "Authorization: Bearer $VOXHOUSE_API_KEY" -H "Content-Type: application/json" \
  -d '{"text": "您好，请稍候。"}'
