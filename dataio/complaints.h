#pragma once
#include <string>
#include <utility>
#include <vector>

#include "src/base/error.h"

namespace helio::dataio {

// What is wrong with single records is left to a policy: stop with one error that counts them and names the
// first, or skip and count.
class Complaints {
 public:
  explicit Complaints(bool skip) : skip_(skip) {}
  void Add(std::string complaint) { complaints_.push_back(std::move(complaint)); }
  // Does `step`; an Error of it is a complaint, but for those of the machine (kSystem).
  template <typename Step>
  void Try(Step step) {
    try {
      step();
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::kSystem) throw;
      Add(error.what());
    }
  }
  size_t size() const { return complaints_.size(); }
  // Adds `remedy` to those from number `first` on.
  void AddRemedy(size_t first, const std::string& remedy) {
    for (size_t i = first; i < complaints_.size(); ++i) complaints_[i] += remedy;
  }
  // Throws Error{kUser} under the "error" policy if there is any; else logs how many records are left out,
  // and the first few.
  void Settle(const std::string& where) const;

 private:
  bool skip_;
  std::vector<std::string> complaints_;
};

}  // namespace helio::dataio
