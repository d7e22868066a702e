#include "src/nn/image_trunk.h"

#include "src/base/error.h"
#include "src/base/text_list.h"
#include "src/nn/inception_v3.h"
#include "src/nn/inception_v3_tf.h"
#include "src/nn/resnet.h"
#include "src/nn/small_trunk.h"

namespace helio::nn {
namespace {

template <typename Trunk>
std::shared_ptr<ImageTrunk> Make() {
  return std::make_shared<Trunk>();
}

std::map<std::string, TrunkFactory>& Trunks() {
  static auto& trunks = *new std::map<std::string, TrunkFactory>{{"inception_v3", &Make<InceptionV3>},
                                                                 {"inception_v3_fid", &Make<InceptionV3Fid>},
                                                                 {"inception_v3_tf", &Make<InceptionV3Tf>},
                                                                 {"resnet152", &Make<ResNet152>},
                                                                 {"small", &Make<SmallTrunk>}};
  return trunks;
}

}  // namespace

JudgeProtocol ImageTrunk::protocol() const {
  return {"", side() > 0 ? "resized to " + std::to_string(side()) + " (bilinear)" : "not resized"};
}

std::shared_ptr<ImageTrunk> MakeImageTrunk(const std::string& name, const std::string& flag) {
  if (const auto found = Trunks().find(name); found != Trunks().end()) return found->second();
  std::string known;
  for (const auto& trunk : Trunks()) AddToList(known, trunk.first);
  ThrowUser("unknown image trunk '" + name + "'", flag, "one of " + known);
}

void RegisterImageTrunk(const std::string& name, TrunkFactory make) { Trunks()[name] = make; }

// named_children is what the published code stores, in its order.
void AdoptChildren(torch::nn::Module& owner, const ImageTrunk& trunk) {
  for (const auto& child : trunk.named_children()) owner.register_module(child.key(), child.value());
}

}  // namespace helio::nn
