#include "cluster/scrape_targets.h"

#include "cluster/listener.h"
#include "src/base/host_name.h"
#include "src/base/json.h"

namespace helio::cluster {

std::string ScrapeHost(const std::string& bind) {
  if (bind == "0.0.0.0" || bind == "::") return HostName();
  return InUrl(bind);
}

void WriteScrapeTargets(Communicator& communicator, const std::filesystem::path& path,
                        const std::string& host, int port) {
  const auto addresses = GatherStrings(communicator, Endpoint(host, port), "scrape targets");
  const auto host_names = GatherStrings(communicator, HostName(), "scrape targets");
  if (communicator.rank() != 0) return;
  Json list = Json::array();
  for (size_t rank = 0; rank < addresses.size(); ++rank) {
    Json labels;
    labels["rank"] = std::to_string(rank);
    labels["node"] = host_names[rank];
    Json target;
    target["targets"] = Json::array({addresses[rank]});
    target["labels"] = labels;
    list.push_back(target);
  }
  WriteFileAtomically(path, JsonText(list, 1) + "\n");
}

}  // namespace helio::cluster
