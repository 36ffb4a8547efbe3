curl "{{ url }}/v1/history?limit=1" -H "Authorization: Bearer $VOXHOUSE_API_KEY" -o newest.json
id=$(sed -n 's/.*"id": *"\([0-9a-f-]\{36\}\)".*/\1/p' newest.json | head -n 1)
curl "{{ url }}/v1/history/$id/audio?format=wav" -H "Authorization: Bearer $VOXHOUSE_API_KEY" -o again.wav
curl {{ url }}/v1/history/$id/subtitles.srt -H "Authorization: Bearer $VOXHOUSE_API_KEY" -o again.srt
