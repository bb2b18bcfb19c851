/* SimGrid's side of make bench-peers: one flow list, or a ring all-reduce, through S4U, printed as
 * peer_dcsim prints it.
 *
 * Plain max-min sharing: CM02 without its factors, cross traffic and weights (with zero latency nothing
 * else weighs flows), at tight precision. Every flow has a pair of hosts of its own, so that a route is
 * exactly the path of one flow; there are only as many hosts as such pairs need.
 *
 * With "actors" a sender and a receiver meet at a mailbox for each flow, as S4U's own examples are
 * written; with "driver" one actor starts every flow as a one-sided communication, the least state there
 * is. Actors are created before the clock runs; their memory is the simulation's, the platform's is not.
 *
 * "ring": an all-reduce of 1 GiB over so many hosts, each linked to the next by 50 GB/s and 500 ns. Every
 * host is an actor that 2(p-1) times sends a part to the next and takes one from the host before. */
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include <simgrid/s4u.hpp>

namespace sg4 = simgrid::s4u;

struct flow {
	double bytes, start_s;
	std::vector<unsigned> path;
	sg4::Host *from, *to;
	sg4::CommPtr comm;
	double duration_s;
};

static const double link_bps = 50e9;

static const char *const settings[] = {
	"--log=xbt_cfg.thres:warning",      "--cfg=network/model:CM02",
	"--cfg=network/bandwidth-factor:1", "--cfg=network/latency-factor:1",
	"--cfg=network/crosstraffic:0",     "--cfg=network/weight-S:0",
	"--cfg=maxmin/precision:1e-12",     "--cfg=surf/precision:1e-15",
};

static double cpu_s()
{
	timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static double memory_bytes(const std::string &name)
{
	std::ifstream file("/proc/self/status");
	std::string line;
	double kib = 0;

	while (std::getline(file, line))
		if (line.compare(0, name.size(), name) == 0 &&
		    std::sscanf(line.c_str() + name.size(), ": %lf", &kib) == 1)
			break;
	return kib * 1024;
}

static std::vector<flow> read_list(const char *path)
{
	std::ifstream file(path);
	std::vector<flow> flows;
	std::string line;

	std::getline(file, line);
	while (std::getline(file, line)) {
		flow f = {};
		int used = 0;
		unsigned link;

		if (std::sscanf(line.c_str(), "%*u,%lf,%lf,%n", &f.bytes, &f.start_s, &used) != 2) {
			std::cerr << path << ": not a row of a flow list: " << line << "\n";
			std::exit(1);
		}
		std::istringstream links(line.substr(used));
		while (links >> link)
			f.path.push_back(link);
		flows.push_back(f);
	}
	return flows;
}

/* One link per id; flow number i goes from host i / (n-1) to one of the n-1 others. */
static sg4::Host *build(std::vector<flow> &flows)
{
	sg4::NetZone *zone = sg4::create_full_zone("fabric");
	std::vector<sg4::Host *> hosts;
	std::vector<sg4::Link *> links;
	size_t n = 2;

	while (n * (n - 1) < flows.size())
		n++;
	for (size_t i = 0; i < n; i++)
		hosts.push_back(zone->create_host("h" + std::to_string(i), 1e9));
	for (size_t i = 0; i < flows.size(); i++) {
		flow &f = flows[i];
		size_t from = i / (n - 1), to = i % (n - 1);
		std::vector<sg4::LinkInRoute> route;

		for (unsigned id : f.path) {
			while (links.size() <= id)
				links.push_back(
					zone->create_link("l" + std::to_string(links.size()),
							  link_bps)
						->set_latency(0));
			route.emplace_back(links[id]);
		}
		f.from = hosts[from];
		f.to = hosts[to < from ? to : to + 1];
		zone->add_route(f.from->get_netpoint(), f.to->get_netpoint(), nullptr, nullptr,
				route, false);
	}
	zone->seal();
	return hosts[0];
}

static void drive(std::vector<flow> &flows)
{
	for (flow &f : flows) {
		if (f.start_s > sg4::Engine::get_clock())
			sg4::this_actor::sleep_until(f.start_s);
		f.comm = sg4::Comm::sendto_async(f.from, f.to, (uint64_t)f.bytes);
	}
	for (flow &f : flows) {
		f.comm->wait();
		f.duration_s = f.comm->get_finish_time() - f.start_s;
	}
}

static void send(const flow &f, sg4::Mailbox *mailbox)
{
	if (f.start_s > 0)
		sg4::this_actor::sleep_until(f.start_s);
	mailbox->put(mailbox, (uint64_t)f.bytes);
}

static void receive(flow &f, sg4::Mailbox *mailbox)
{
	mailbox->get<sg4::Mailbox>();
	f.duration_s = sg4::Engine::get_clock() - f.start_s;
}

/* ---- the ring ---- */

static const double ring_bytes = 1073741824.0, ring_latency_s = 500e-9;

static std::vector<sg4::Host *> build_ring(size_t n)
{
	sg4::NetZone *zone = sg4::create_full_zone("fabric");
	std::vector<sg4::Host *> hosts;

	for (size_t i = 0; i < n; i++)
		hosts.push_back(zone->create_host("h" + std::to_string(i), 1e9));
	for (size_t i = 0; i < n; i++) {
		sg4::Link *link = zone->create_link("l" + std::to_string(i), link_bps)
					  ->set_latency(ring_latency_s);

		zone->add_route(hosts[i]->get_netpoint(), hosts[(i + 1) % n]->get_netpoint(),
				nullptr, nullptr, {sg4::LinkInRoute(link)}, false);
	}
	zone->seal();
	return hosts;
}

static void pass_on(size_t rank, size_t n)
{
	sg4::Mailbox *here = sg4::Mailbox::by_name(std::to_string(rank));
	sg4::Mailbox *next = sg4::Mailbox::by_name(std::to_string((rank + 1) % n));

	for (size_t step = 0; step < 2 * (n - 1); step++) {
		sg4::CommPtr sent = next->put_async(next, (uint64_t)(ring_bytes / (double)n));

		here->get<sg4::Mailbox>();
		sent->wait();
	}
}

static void report(double used_s, double before)
{
	double peak = memory_bytes("VmHWM");

	std::printf("cpu_s %.9f\npeak_bytes %.0f\ngrown_bytes %.0f\n", used_s, peak, peak - before);
}

static void run_ring(const sg4::Engine &engine, size_t n)
{
	std::vector<sg4::Host *> hosts = build_ring(n);
	double before = memory_bytes("VmRSS"), used_s;

	for (size_t i = 0; i < n; i++)
		sg4::Actor::create("rank", hosts[i], [i, n] { pass_on(i, n); });
	used_s = -cpu_s();
	engine.run();
	used_s += cpu_s();
	report(used_s, before);
	std::printf("0 %.17g\n", sg4::Engine::get_clock());
}

int main(int argc, char **argv)
{
	std::vector<char *> arguments(argv, argv + 1);

	for (const char *setting : settings)
		arguments.push_back(const_cast<char *>(setting));
	/* The caller's come last, so they win. */
	arguments.insert(arguments.end(), argv + 1, argv + argc);
	argc = (int)arguments.size();
	arguments.push_back(nullptr);

	sg4::Engine engine(&argc, arguments.data());

	const std::string way = argc == 3 ? arguments[1] : "";

	if (way == "ring") {
		run_ring(engine, std::strtoul(arguments[2], nullptr, 10));
		return 0;
	}
	if (way != "driver" && way != "actors") {
		std::cerr << "usage: peer_simgrid driver|actors FILE.csv [--cfg=KEY:VALUE]...\n"
			     "       peer_simgrid ring HOSTS [--cfg=KEY:VALUE]...\n";
		return 2;
	}
	std::vector<flow> flows = read_list(arguments[2]);
	sg4::Host *host = build(flows);
	double before = memory_bytes("VmRSS");

	if (way == "driver") {
		sg4::Actor::create("driver", host, [&flows] { drive(flows); });
	} else {
		for (size_t i = 0; i < flows.size(); i++) {
			flow &f = flows[i];
			sg4::Mailbox *mailbox = sg4::Mailbox::by_name(std::to_string(i));

			sg4::Actor::create("sender", f.from, [&f, mailbox] { send(f, mailbox); });
			sg4::Actor::create("receiver", f.to,
					   [&f, mailbox] { receive(f, mailbox); });
		}
	}

	double used_s = -cpu_s();
	engine.run();
	used_s += cpu_s();
	report(used_s, before);
	for (size_t i = 0; i < flows.size(); i++)
		std::printf("%zu %.17g\n", i, flows[i].duration_s);
	return 0;
}
