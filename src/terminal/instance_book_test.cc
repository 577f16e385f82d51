#include "terminal/instance_book.h"

#include <gmock/gmock.h>

namespace berth::terminal {
namespace {

using control::State;
using ::testing::IsEmpty;
using ::testing::SizeIs;

control::Client InState(std::string id, State state) {
  control::Client client{.id = std::move(id)};
  client.metadata.state = state;
  return client;
}

struct InstanceBookTest : ::testing::Test {
  InstanceBook book;
  std::string Told(const control::Message& message) {
    std::string text;
    for (const Change& change : book.Take(message)) {
      text += change.id + ':';
      text += change.before ? control::ToString(*change.before) : "new";
      text += '>';
      text += change.now ? control::ToString(change.now->metadata.state) : "gone";
      text += ' ';
    }
    return text;
  }
};

TEST_F(InstanceBookTest, TellsWhatIsNewAndWhatChanged) {
  control::ClientList list{.clients = {InState("a", State::kIdle), InState("b", State::kNeedsYou)}};
  EXPECT_EQ(Told(list), "b:new>needs_you a:new>idle ");
  EXPECT_EQ(Told(control::ClientUpdate{InState("a", State::kBusy)}), "a:idle>busy ");
  EXPECT_EQ(Told(control::ClientUpdate{InState("c", State::kOffline)}), "c:new>offline ");
  EXPECT_EQ(Told(control::ClientRemoved{"b"}), "b:needs_you>gone ");
  EXPECT_EQ(Told(control::ClientRemoved{"b"}), "");
  EXPECT_EQ(Told(control::ClientDisconnected{"a"}), "");
  EXPECT_THAT(book.Instances(), SizeIs(2));
}

TEST_F(InstanceBookTest, AfterAReconnectionOnlyTheDifferenceIsNews) {
  Told(control::ClientList{.clients = {InState("a", State::kIdle), InState("b", State::kBusy)}});
  EXPECT_EQ(Told(control::ClientList{.clients = {InState("a", State::kIdle)}}), "b:busy>gone ");
  EXPECT_EQ(Told(control::ClientList{.clients = {InState("a", State::kBusy)}}), "a:idle>busy ");
}

TEST_F(InstanceBookTest, AListInPiecesTakesNothingAwayBeforeItsEnd) {
  Told(control::ClientList{.clients = {InState("a", State::kIdle), InState("b", State::kBusy),
                                       InState("c", State::kBusy)}});
  EXPECT_EQ(Told(control::ClientList{.clients = {InState("a", State::kIdle)}, .more = true}), "");
  EXPECT_EQ(Told(control::ClientUpdate{InState("c", State::kIdle)}), "c:busy>idle ");
  EXPECT_EQ(Told(control::ClientListEnd{}), "b:busy>gone ");
  EXPECT_EQ(Told(control::ClientListEnd{}), "");
  EXPECT_THAT(book.Instances(), SizeIs(2));
}

TEST_F(InstanceBookTest, AnotherQuestionIsNewsAndALatencyIsNot) {
  control::Client client = InState("a", State::kNeedsYou);
  client.metadata.sessions = {{.id = "1",
                               .state = control::SessionState::kNeedsYou,
                               .question = control::Question{.id = "q1"}}};
  EXPECT_THAT(book.Take(control::ClientUpdate{client}), SizeIs(1));
  client.latency_ms = 7;
  client.last_seen = FromUnixMs(9);
  EXPECT_THAT(book.Take(control::ClientUpdate{client}), IsEmpty());
  EXPECT_EQ(book.Instances()[0].latency_ms, 7);
  client.metadata.sessions[0].question->id = "q2";
  EXPECT_THAT(book.Take(control::ClientUpdate{client}), SizeIs(1));
  client.metadata.no_answer = true;
  EXPECT_THAT(book.Take(control::ClientUpdate{client}), SizeIs(1));
}

}  // namespace
}  // namespace berth::terminal
