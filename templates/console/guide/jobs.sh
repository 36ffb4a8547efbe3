curl {{ url }}/v1/jobs \
  -H "Authorization: Bearer $VOXHOUSE_API_KEY" -H "Content-Type: application/json" \
  -d '{"name": "due dates", "model": "kokoro", "voice": "xiaoxiao", "response_format": "mp3", "start": true,
       "items": [{"text": "王女士您好，您的保单明天到期。", "file_name": "wang"},
                 {"text": "李先生您好，您的保单明天到期。", "file_name": "li"}]}'
