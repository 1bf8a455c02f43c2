// The textbook book in C++: std::map of levels, std::list queues, std::unordered_map of orders.
// Reads a stream of int64 (tools/bench/stream.py) and prints nanoseconds, trades, quantity, check.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <list>
#include <map>
#include <unordered_map>
#include <vector>

struct Order { int64_t id, price, size; bool buy; };
using Queue = std::list<Order>;

struct Book {
  std::map<int64_t, Queue, std::greater<int64_t>> bids;
  std::map<int64_t, Queue> asks;
  std::unordered_map<int64_t, Queue::iterator> where;
  int64_t trades = 0, quantity = 0;
  uint64_t check = 0;

  template <class Side> void take(Side &side, Order &taker) {
    while (taker.size && !side.empty()) {
      auto best = side.begin();
      if (taker.buy ? best->first > taker.price : best->first < taker.price) break;
      Queue &queue = best->second;
      while (taker.size && !queue.empty()) {
        Order &maker = queue.front();
        int64_t size = maker.size < taker.size ? maker.size : taker.size;
        maker.size -= size;
        taker.size -= size;
        trades++;
        quantity += size;
        check = (check * 31 + maker.price * 7 + size + maker.id) & 0xffffffff;
        if (!maker.size) {
          where.erase(maker.id);
          queue.pop_front();
        }
      }
      if (queue.empty()) side.erase(best);
    }
  }
  template <class Side> void rest(Side &side, const Order &order) {
    Queue &queue = side[order.price];
    queue.push_back(order);
    where[order.id] = std::prev(queue.end());
  }
  template <class Side> void drop(Side &side, Queue::iterator order) {
    auto level = side.find(order->price);
    level->second.erase(order);
    if (level->second.empty()) side.erase(level);
  }
  void place(Order order, bool rests) {
    if (order.buy) take(asks, order); else take(bids, order);
    if (!order.size || !rests) return;
    if (order.buy) rest(bids, order); else rest(asks, order);
  }
  void cancel(int64_t id) {
    auto found = where.find(id);
    if (found == where.end()) return;
    Queue::iterator order = found->second;
    where.erase(found);
    if (order->buy) drop(bids, order); else drop(asks, order);
  }
};

int main(int, char **argv) {
  FILE *file = fopen(argv[1], "rb");
  fseek(file, 0, SEEK_END);
  std::vector<int64_t> ops(ftell(file) / sizeof(int64_t));
  rewind(file);
  if (fread(ops.data(), sizeof(int64_t), ops.size(), file) != ops.size()) return 1;
  Book book;
  auto began = std::chrono::steady_clock::now();
  for (size_t i = 0; i < ops.size(); i += 5) {
    const int64_t *op = &ops[i];
    if (op[0] == 1) book.cancel(op[1]);
    else book.place({op[1], op[3], op[4], op[2] == 1}, op[0] == 0);
  }
  std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - began;
  printf("%.0f %ld %ld %lu\n", took.count(), (long)book.trades, (long)book.quantity, (unsigned long)book.check);
}
