#pragma once
#include <string>
#include <vector>

#include "dataio/file_tree.h"
#include "dataio/source_reading.h"

// The ways in which people keep captioned pictures in a folder, one a file; docs/layouts.md shows a tree of
// each.
namespace helio::dataio {

struct Layout {
  const char* name;
  // What in the tree shows that it is this one, in words ("2 metadata.jsonl"); empty: it is another.
  std::string (*recognise)(const FileTree& tree);
  // Records and complaints go to `reading`.
  void (*read)(const FileTree& tree, SourceReading& reading);
  // Whether texts that it does not read are worth a word.
  bool tells_texts = true;
};

// In the order in which they are tried: a list that somebody wrote goes before files that merely lie there.
const std::vector<Layout>& Layouts();

// Those of Layouts(), each in its file.
Layout CaptionLines();  // captions.jsonl: everything that Heliograph can know of a picture
Layout ImageFolder();   // Hugging Face: metadata.jsonl, metadata.csv
Layout Karpathy();      // dataset_coco.json, dataset_flickr8k.json, ...
Layout
CaptionTables();  // Flickr's captions.txt, results.csv, Flickr8k.token.txt; a JSON of names and captions
Layout PicturesWithTexts();  // a text for each picture, beside it or in a sister folder
Layout PicturesAlone();      // --captions=none

// Whether it is CUB's archive, of which --source=cub knows splits, classes and boxes.
bool HasCubLists(const FileTree& tree);

// Throws Error{kUser} saying what is there and which layouts are read.
[[noreturn]] void RefuseTree(const FileTree& tree);

// What every layout tells besides: foreign pictures and unreadable files are complaints; hidden files, and
// foreign pictures of which a copy is there that is read, are logged.
void ReportTree(const FileTree& tree, SourceReading& reading);

}  // namespace helio::dataio
