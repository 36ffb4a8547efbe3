curl {{ url }}/v1/usage -H "Authorization: Bearer $VOXHOUSE_API_KEY"
