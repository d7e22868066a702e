#include "src/base/json.h"

#include <unordered_set>
#include <vector>

namespace helio {
namespace {

// nlohmann keeps the last of two equal keys silently, and its parser with a callback looks through a whole
// list at the end of each object in it: a second pass sees the keys.
class KeyCheck final : public nlohmann::json_sax<Json> {
 public:
  explicit KeyCheck(const std::string& where) : where_(where) {}

  bool key(std::string& key) override {
    if (!keys_.back().insert(key).second)
      ThrowData("holds '" + key.substr(0, 200) + "' twice in one object, and only the last would count",
                where_, "leave one there, or make one list of both values");
    return true;
  }
  bool start_object(size_t) override {
    keys_.emplace_back();
    return true;
  }
  bool end_object() override {
    keys_.pop_back();
    return true;
  }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(int64_t) override { return true; }
  bool number_unsigned(uint64_t) override { return true; }
  bool number_float(double, const std::string&) override { return true; }
  bool string(std::string&) override { return true; }
  bool binary(Json::binary_t&) override { return true; }
  bool start_array(size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(size_t, const std::string&, const nlohmann::json::exception&) override { return false; }

 private:
  const std::string& where_;
  std::vector<std::unordered_set<std::string>> keys_;  // of the objects that are open
};

}  // namespace

Json ParseJson(std::string_view text, const std::string& where) {
  try {
    auto json = Json::parse(text);
    KeyCheck check(where);
    Json::sax_parse(text, &check);
    return json;
  } catch (const nlohmann::json::exception& error) {
    ThrowData(std::string("is not valid JSON: ") + error.what(), where);
  }
}

}  // namespace helio
