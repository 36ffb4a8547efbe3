curl {{ url }}/v1/audio/speech \
  -H "Authorization: Bearer $VOXHOUSE_API_KEY" -H "Content-Type: application/json" \
  -d '{"model": "kokoro", "voice": "yunxi", "input": "重(chong2)庆今天有雨。", "speed": 1.1, "pitch": 1,
       "response_format": "wav"}' \
  -o style.wav
