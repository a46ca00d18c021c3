#!/usr/bin/env bash
# One order's whole way over HTTP, with nothing but curl: placed, dispatched, claimed, done, rated.
# Usage: examples/journey.sh [http://127.0.0.1:8000]   (a server with demo data and the WeChat sandbox)
set -euo pipefail

base=${1:-http://127.0.0.1:8000}/api/v1
password=${DEMO_PASSWORD:-sandan-demo}
stamp=$(date +%s)-$$
# Ten members may claim, each twice a day: other ones each time.
first=$(($(date +%s) % 9 + 1))
second=$((first + 1))

fail() {
  printf '✗ %s\n' "$1" >&2
  exit 1
}

# call METHOD PATH TOKEN [BODY] [WANTED STATUS]: prints the body, fails on any other status.
call() {
  local method=$1 path=$2 token=$3 body=${4:-} wanted=${5:-200} answer status
  local args=(--silent --show-error --noproxy '*' --max-time 60 -X "$method" -w '\n%{http_code}')
  [ -n "$token" ] && args+=(-H "Authorization: Bearer $token")
  [ -n "$body" ] && args+=(-H 'Content-Type: application/json' -d "$body")
  [ "$method" = POST ] && args+=(-H "Idempotency-Key: journey-$stamp-$path")
  answer=$(curl "${args[@]}" "$base$path") || fail "$method $path: no answer"
  status=${answer##*$'\n'}
  [ "$status" = "$wanted" ] || fail "$method $path: $status, wanted $wanted: ${answer%$'\n'*}"
  printf '%s' "${answer%$'\n'*}"
}

# The value of a field of the outermost object, by its first appearance; enough for these answers.
text_of() { sed -n "s/^[^{]*{.*\"$1\": *\"\([^\"]*\)\".*/\1/p" <<<"$2" | head -n 1; }
token_of() { sed -n 's/.*"access_token": *"\([^"]*\)".*/\1/p' <<<"$1"; }
id_of() { sed -n 's/^{"id": *\([0-9]*\).*/\1/p' <<<"$1"; }
status_of() { sed -n 's/.*"status": *"\([a-z_]*\)", *"flags".*/\1/p' <<<"$1"; }

expect() {
  [ "$(status_of "$2")" = "$1" ] || fail "the order should be $1: $2"
  printf '✓ %-12s %s\n' "$1" "$3"
}

resident=$(token_of "$(call POST /sessions/wechat '' '{"code":"demo-resident-1"}' 201)")
member=$(token_of "$(call POST /sessions/wechat '' "{\"code\":\"demo-member-$first\"}" 201)")
dispatcher=$(token_of "$(call POST /sessions/password '' \
  "{\"username\":\"dispatcher-1\",\"password\":\"$password\"}" 201)")
[ -n "$resident" ] && [ -n "$member" ] && [ -n "$dispatcher" ] || fail 'no token'
echo '✓ logged in    居民、党员、派单员'

body='{"description":"三号楼二单元楼道的灯不亮了,晚上老人走路不方便。","source":"mini_program"}'
order=$(call POST /orders "$resident" "$body" 201)
id=$(id_of "$order")
[ -n "$id" ] || fail "no id: $order"
expect submitted "$order" '居民下单'
again=$(call POST /orders "$resident" "$body" 201)
[ "$(id_of "$again")" = "$id" ] || fail 'the repeated placing made a second order'
echo '✓ repeated     同一编号重复提交,仍是同一张工单'

expect dispatched "$(call POST "/orders/$id/dispatch" "$dispatcher" \
  '{"mode":"pool","task":"更换楼道灯"}')" '社区派单'
call GET '/orders?mine=pool&limit=100' "$member" | grep -q "\"id\": *$id[,}]" || fail 'not in the pool'
expect claimed "$(call POST "/orders/$id/claim" "$member" '{}')" '党员接单'
call POST "/orders/$id/claim" "$(token_of "$(call POST /sessions/wechat '' \
  "{\"code\":\"demo-member-$second\"}" 201)")" '{}' 409 | grep -q order.already_claimed || fail 'claimed twice'
echo '✓ one winner   别人再接,提示已有人接单'
expect in_progress "$(call POST "/orders/$id/start" "$member" '{}')" '开始办理'
expect in_progress "$(call POST "/orders/$id/progress" "$member" \
  '{"note":"已到现场查看,是灯泡坏了,去取新灯泡。"}')" '反馈进展'
expect completed "$(call POST "/orders/$id/complete" "$member" \
  '{"note":"换好了新灯泡,已经亮了。","minutes_spent":25}')" '提交办结'
expect closed "$(call POST "/orders/$id/rate" "$resident" \
  '{"solved":true,"satisfied":true,"stars":5,"comment":"修得很快,谢谢!"}')" '居民评价'

events=$(call GET "/orders/$id/events" "$resident")
for action in submit dispatch claim start progress complete rate; do
  grep -q "\"action\": *\"$action\"" <<<"$events" || fail "no $action in the history"
done
echo '✓ history      七步都有记录'
call GET "/orders/$id" "$(token_of "$(call POST /sessions/wechat '' \
  '{"code":"demo-resident-2"}' 201)")" '' 404 >/dev/null
echo '✓ privacy      别的居民看不到这张工单'

for _ in $(seq 1 30); do
  inbox=$(call GET '/inbox?limit=100' "$resident")
  grep -q '有人接单了' <<<"$inbox" && grep -q '已办好' <<<"$inbox" && break
  sleep 1
done
grep -q '已办好' <<<"$inbox" || fail 'nothing in the inbox'
echo '✓ inbox        居民收到了消息'
echo "全程走通:工单 $(text_of number "$order")"
