#pragma once
#include <string>
#include <utility>
#include <vector>

#include "src/base/error.h"

namespace helio::dataio {

// Collects what is wrong with single records. A policy decides what follows: one error that counts the
// complaints and names the first, or the records are left out and counted. One thread.
class Complaints {
 public:
  explicit Complaints(bool skip) : skip_(skip) {}
  void Add(std::string complaint) { complaints_.push_back(std::move(complaint)); }
  // Runs `step`; an Error that it throws becomes a complaint, except those of the machine (kSystem).
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
  // Appends `remedy` to the complaints from number `first` on.
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
