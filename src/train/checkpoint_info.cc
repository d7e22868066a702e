#include "src/train/checkpoint_info.h"

namespace helio::train {
namespace {

// The one list of what is said, under which name and in which order. `field(key, value)`: the value is the
// struct's own.
template <typename Info, typename Field>
void ForEachField(Info& info, const Field& field) {
  field("identity", info.identity.flags);
  field("data", info.identity.data);
  field("vocabulary", info.identity.vocabulary);
  field("world_size", info.world_size);
  field("global_batch", info.global_batch);
  field("steps_per_epoch", info.steps_per_epoch);
  field("seed", info.seed);
  field("frozen", info.identity.frozen);
  field("version", info.version);
  field("revision", info.revision);
  field("weight_gradient", info.weight_gradient);
  field("bad_steps", info.history.bad_steps);
  field("rollbacks", info.history.rollbacks);
  field("rollback_step", info.history.rollback_step);
  field("evaluation_pending", info.history.evaluation_pending);
  field("scores", info.scores);
}

// A bool is written as 0 or 1.
Json Written(bool value) { return value ? 1 : 0; }
template <typename T>
Json Written(const T& value) {
  return value;
}

void Read(const Json& json, const std::string& key, const std::string& where, bool& value) {
  value = JsonField<int64_t>(json, key, where) != 0;
}
template <typename T>
void Read(const Json& json, const std::string& key, const std::string& where, T& value) {
  value = JsonField<T>(json, key, where);
}

}  // namespace

Json ToJson(const CheckpointInfo& info) {
  Json json = Json::object();
  ForEachField(info, [&](const char* key, const auto& value) {
    if (Json written = Written(value); !written.is_null()) json[key] = std::move(written);
  });
  return json;
}

CheckpointInfo InfoFromJson(const Json& json, const std::string& where) {
  if (!json.is_object()) ThrowData("field 'info' has the wrong type", where);
  CheckpointInfo info;
  ForEachField(info, [&](const char* key, auto& value) {
    if (json.contains(key)) Read(json, key, where, value);
  });
  return info;
}

}  // namespace helio::train
