curl -X PUT {{ url }}/v1/dictionary/entries/重庆 \
  -H "Authorization: Bearer $VOXHOUSE_API_KEY" -H "Content-Type: application/json" \
  -d '{"pinyin": "chong2 qing4"}'
