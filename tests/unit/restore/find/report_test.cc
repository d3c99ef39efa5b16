#include "restore/find/report.h"

#include <doctest/doctest.h>

#include "restore/find/names.h"

using namespace pitr;

TEST_CASE("a name is written as SQL wants it, and cannot steer a terminal") {
  CHECK(text_of({"shop", "public", "orders"}) == "shop.public.orders");
  CHECK(text_of({"shop", "", ""}) == "shop");
  CHECK(text_of({"Shop", "my schema", "a\"b"}) == "\"Shop\".\"my schema\".\"a\"\"b\"");
  CHECK(text_of({"shop", "public", "1st"}) == "shop.public.\"1st\"");
  CHECK(text_of({"shop", "public", "x\x1B]0;y\n"}) == "shop.public.\"x\\x1b]0;y \"");
}

TEST_CASE("what is shown is what was asked for") {
  const Event drop{Deed::drop, "TABLE", "shop.public.orders"};
  const Event rewrite{Deed::rewrite, "TABLE", "shop.public.orders"};
  const Event database{Deed::database, "DATABASE", "shop"};
  Shown shown;
  CHECK(shown.has(drop));
  CHECK(shown.has(database));
  CHECK_FALSE(shown.has(rewrite));
  shown.what = {"all"};
  CHECK(shown.has(rewrite));
  shown.what = {"drop"};
  CHECK_FALSE(shown.has(database));
  shown = {};
  for (const char* table : {"orders", "public.orders", "shop.public.orders"}) {
    shown.table = table;
    CHECK(shown.has(drop));
  }
  for (const char* table : {"order", "rders", "lic.orders", "orders2"}) {
    shown.table = table;
    CHECK_FALSE(shown.has(drop));
  }
  shown.table.clear();
  shown.database = "sho";
  CHECK_FALSE(shown.has(drop));
  CHECK_FALSE(shown.has(database));
  shown.database = "shop";
  CHECK(shown.has(drop));
  CHECK(shown.has(database));
}

TEST_CASE("a transaction that no backup is older than has no line to run") {
  SearchResult result;
  result.begin = {100};
  result.end = {900};
  result.first_stop = Lsn{500};
  result.found.push_back({731, 0, {400}, {{Deed::drop, "TABLE", "shop.public.orders"}}, {}});
  result.found.push_back({732, 0, {500}, {{Deed::truncate, "TABLE", "shop.public.audit"}}, {}});
  const std::string text =
      text_report(result, [](const Found& found) { return "recover " + std::to_string(found.transaction); });
  CHECK(text.find("recover 731") == text.npos);
  CHECK(text.find("no backup that was looked at is older than LSN 0/190") != text.npos);
  CHECK(text.find("    recover 732\n") != text.npos);
}

TEST_CASE("what has no name is shown by number, with the hint that helps") {
  SearchResult result;
  result.no_names = "give --backup-dir";
  result.found.push_back({731, 0, {400}, {{Deed::erase, "", "file 1663/5/16400", false, 15000}}, {}});
  const auto line = [](const Found&) { return std::string("recover"); };
  CHECK(text_report(result, line).find("Names are not known: give --backup-dir.") != std::string::npos);
  result.found.front().events.front().has_name = true;
  CHECK(text_report(result, line).find("Names are not known") == std::string::npos);
}
