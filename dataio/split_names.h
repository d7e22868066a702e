#pragma once
#include <filesystem>
#include <string>

namespace helio::dataio {

// The split that a word means, in whichever case: "train" of train, training; "test" of test, testing; "val"
// of val, valid, validation, dev, eval; restval is "train" (Karpathy). Empty: none.
std::string SplitOfWord(const std::string& word);

// The split that a folder's or list's name says: one of its words is a split's, and no other of another
// ("train", "train2017", "test_images", "Flickr_8k.trainImages", not "trained"). Empty: none.
std::string SplitOfName(const std::string& name);

// Whether such a name says its split and nothing else that matters: beside it stand words like "images",
// "labels" or "list" and years ("train2017"). Not "train_fold1", "training_log": of folds and logs a split's
// name makes no list.
bool NamesSplitAlone(const std::string& name);

// That of the first folder of `path` that says one; empty: none does.
std::string SplitOfFolders(const std::filesystem::path& path);

}  // namespace helio::dataio
