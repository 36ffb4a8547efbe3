curl {{ url }}/v1/audio/voices -H "Authorization: Bearer $VOXHOUSE_API_KEY"
