curl {{ url }}/v1/audio/speech \
  -H "Authorization: Bearer $VOXHOUSE_API_KEY" -H "Content-Type: application/json" \
  -d '{"model": "tts-1", "voice": "xiaoxiao", "input": "你好，欢迎使用声坊。"}' \
  -o hello.mp3
